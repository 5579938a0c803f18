import type { FetchedModel } from '../protocol/answers.ts';
import { bytes } from '../base/units.ts';
import { visible } from '../protocol/diagnostic.ts';
import type { Paint } from './paint.ts';

/** `hf:timm/resnet50.a1_in1k  ResNet-50 (a1_in1k)  97.8 MiB  apache-2.0  commit 767268 of 2026-05-01`. */
export const modelLine = ({ name, title, sizeBytes, licence, commit, fetchedAt }: FetchedModel, { bold, dim }: Paint): string =>
  `${bold(visible(name))}  ${visible(title)}  ${bytes(sizeBytes)}  ${visible(licence)}  ${dim(`commit ${commit.slice(0, 7)}, fetched ${fetchedAt.slice(0, 10)}`)}`;
