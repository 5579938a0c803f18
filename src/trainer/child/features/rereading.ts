import type { Prepared } from '../../../data/prepare.ts';
import type { Views } from '../../../data/prepareFile.ts';
import type { Sample } from '../../../data/sample.ts';
import { Refused } from '../../../protocol/diagnostic.ts';

/**
 * Views of a sample that is opened once more. `Refused` when its file went away or became another picture meanwhile:
 * the run would no longer train on what its manifest says.
 */
export function viewsOfSame({ id, facts }: Sample, again: Prepared): Views | undefined {
  if ('problem' in again) throw new Refused([{ ...again.problem, message: `a photo that the run uses cannot be read any more: ${again.problem.message}`, fix: 'run it again' }]);
  if (again.facts.sha256 !== facts.sha256) {
    throw new Refused([{ code: 'unreadable-file', severity: 'error', message: 'the photo was changed while the run used it', fix: 'run it again', where: { file: id } }]);
  }
  return again.views;
}
