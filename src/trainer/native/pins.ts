import type { PackageClient } from './packageClients.ts';

/**
 * Where TensorFlow's C library comes from, by platform: official packages, by name. Only members whose hash is pinned
 * here are ever unpacked; rows without hashes are packages that nobody has tried yet, and are refused with that word.
 */
export interface Source {
  readonly client: PackageClient;
  /** As the client names it; `tag`: platform tag of the wheel, classifier of the jar. */
  readonly package: string;
  readonly version: string;
  readonly tag: string;
  /** What the library says it is. */
  readonly tensorflow: string;
  readonly archiveBytes?: number;
  /** Left out: untried. */
  readonly members?: readonly Member[];
}

/** One file of the archive, unpacked under its own base name: the binding links to it by that name. */
export interface Member {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** In order of preference: newest TensorFlow first. */
export const sources: Readonly<Record<string, readonly Source[]>> = {
  'linux-x64': [
    {
      client: 'pip', package: 'tensorflow-cpu', version: '2.21.0', tag: 'manylinux_2_27_x86_64', tensorflow: '2.21.0', archiveBytes: 273_829_956,
      members: [
        { path: 'tensorflow/libtensorflow_cc.so.2', sizeBytes: 788_086_608, sha256: '6505a4b9657e62100c6bdacb683957a395cb047725042945aaa50e40a71e429e' },
        { path: 'tensorflow/libtensorflow_framework.so.2', sizeBytes: 65_222_328, sha256: 'f060b323b26ef80add21b9df9428de3aeaf2843d772c5bb098745f7abff3709b' },
      ],
    },
    {
      client: 'maven', package: 'org.tensorflow:tensorflow-core-native', version: '1.1.0', tag: 'linux-x86_64', tensorflow: '2.18.0', archiveBytes: 160_591_394,
      members: [
        { path: 'org/tensorflow/internal/c_api/linux-x86_64/libtensorflow_cc.so.2', sizeBytes: 632_604_616, sha256: '9d170ad7b544798e929e197abb4f8176bc8c6d1cfc88bd131cbd5b13d440d25f' },
        { path: 'org/tensorflow/internal/c_api/linux-x86_64/libtensorflow_framework.so.2', sizeBytes: 49_821_432, sha256: '05e9c6ff377fe6e2bd1c380012ef1f5d69e46a7a0f363d753da53e7b398cfc4d' },
      ],
    },
  ],
  'linux-arm64': [
    { client: 'pip', package: 'tensorflow-cpu', version: '2.21.0', tag: 'manylinux_2_27_aarch64', tensorflow: '2.21.0' },
    { client: 'maven', package: 'org.tensorflow:tensorflow-core-native', version: '1.1.0', tag: 'linux-arm64', tensorflow: '2.18.0' },
  ],
  'darwin-arm64': [
    { client: 'pip', package: 'tensorflow', version: '2.21.0', tag: 'macosx_12_0_arm64', tensorflow: '2.21.0' },
    { client: 'maven', package: 'org.tensorflow:tensorflow-core-native', version: '1.1.0', tag: 'macosx-arm64', tensorflow: '2.18.0' },
  ],
  'win32-x64': [
    { client: 'pip', package: 'tensorflow', version: '2.21.0', tag: 'win_amd64', tensorflow: '2.21.0' },
    { client: 'maven', package: 'org.tensorflow:tensorflow-core-native', version: '1.1.0', tag: 'windows-x86_64', tensorflow: '2.18.0' },
  ],
};

/** A source whose hashes are known. */
export type PinnedSource = Source & Required<Pick<Source, 'members' | 'archiveBytes'>>;

export const isPinned = (source: Source): source is PinnedSource =>
  source.members !== undefined && source.archiveBytes !== undefined;

/** "tensorflow-cpu 2.21.0 (manylinux_2_27_x86_64)". */
export const nameOf = ({ package: name, version, tag }: Source): string => `${name} ${version} (${tag})`;
