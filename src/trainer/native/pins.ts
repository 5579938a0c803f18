/**
 * Where TensorFlow's C library comes from, by platform: official packages, by name. Only members whose hash is pinned
 * here are ever unpacked.
 */
export interface EngineBuild {
  /** What the library says it is. */
  readonly tensorflow: string;
  /** Version of CUDA that it is built for. */
  readonly cuda?: string;
  /** TensorFlow's own first, then what it needs beside it. */
  readonly packages: readonly Package[];
}

export type PackageClient = 'pip' | 'maven';

export interface Package {
  readonly client: PackageClient;
  /** As the client names it; `tag`: platform tag of the wheel, classifier of the jar; `file`: its name in an index. */
  readonly package: string;
  readonly version: string;
  readonly tag: string;
  readonly file: string;
  readonly archiveBytes: number;
  readonly members: readonly Member[];
}

/** One file of the archive. */
export interface Member {
  readonly path: string;
  readonly sizeBytes: number;
  /** In the official archive: what crosses the network where ranges do. */
  readonly packedBytes: number;
  readonly sha256: string;
}

/** "tensorflow-cpu 2.21.0 (manylinux_2_27_x86_64)". */
export const nameOf = ({ package: name, version, tag }: Package): string => `${name} ${version} (${tag})`;

/** What `npm run pack:engine` writes and an address is looked at for. */
export const packName = ({ tensorflow, cuda }: EngineBuild, platform: string): string => `thaw-engine-${tensorflow}-${platform}${cuda === undefined ? '' : '-cuda'}.zip`;

export const diskBytesOf = ({ packages }: EngineBuild): number => packages.reduce((sum, { members }) => sum + members.reduce((all, { sizeBytes }) => all + sizeBytes, 0), 0);

/** What package clients fetch; by ranges it is somewhat less. */
export const archiveBytesOf = ({ packages }: EngineBuild): number => packages.reduce((sum, { archiveBytes }) => sum + archiveBytes, 0);

/** In order of preference: newest TensorFlow first. */
export const builds: Readonly<Record<string, readonly EngineBuild[]>> = {
  'linux-x64': [
    {
      tensorflow: '2.21.0', packages: [
        {
          client: 'pip', package: 'tensorflow-cpu', version: '2.21.0', tag: 'manylinux_2_27_x86_64',
          file: 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl', archiveBytes: 273_829_956,
          members: [
            { path: 'tensorflow/libtensorflow_cc.so.2', sizeBytes: 788_086_608, packedBytes: 172_436_101, sha256: '6505a4b9657e62100c6bdacb683957a395cb047725042945aaa50e40a71e429e' },
            { path: 'tensorflow/libtensorflow_framework.so.2', sizeBytes: 65_222_328, packedBytes: 19_634_637, sha256: 'f060b323b26ef80add21b9df9428de3aeaf2843d772c5bb098745f7abff3709b' },
          ],
        },
      ],
    },
    {
      tensorflow: '2.18.0', packages: [
        {
          client: 'maven', package: 'org.tensorflow:tensorflow-core-native', version: '1.1.0', tag: 'linux-x86_64',
          file: 'tensorflow-core-native-1.1.0-linux-x86_64.jar', archiveBytes: 160_591_394,
          members: [
            { path: 'org/tensorflow/internal/c_api/linux-x86_64/libtensorflow_cc.so.2', sizeBytes: 632_604_616, packedBytes: 145_072_265, sha256: '9d170ad7b544798e929e197abb4f8176bc8c6d1cfc88bd131cbd5b13d440d25f' },
            { path: 'org/tensorflow/internal/c_api/linux-x86_64/libtensorflow_framework.so.2', sizeBytes: 49_821_432, packedBytes: 15_329_692, sha256: '05e9c6ff377fe6e2bd1c380012ef1f5d69e46a7a0f363d753da53e7b398cfc4d' },
          ],
        },
      ],
    },
    {
      tensorflow: '2.21.0', cuda: '12.9', packages: [
        {
          client: 'pip', package: 'tensorflow', version: '2.21.0', tag: 'manylinux_2_27_x86_64',
          file: 'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl', archiveBytes: 572_440_367,
          members: [
            { path: 'tensorflow/libtensorflow_cc.so.2', sizeBytes: 1_096_372_272, packedBytes: 358_122_329, sha256: '2889ecc99d7641620f41a4bea538f4dd4b626f75aa3e12623161ae939054191c' },
            { path: 'tensorflow/libtensorflow_framework.so.2', sizeBytes: 162_648_808, packedBytes: 68_971_088, sha256: '98847c6f0448308159f6d3ff55e13a9e92978598c7fbb34cde63aadf35c6fe84' },
          ],
        },
        {
          client: 'pip', package: 'nvidia-cublas-cu12', version: '12.9.3.13', tag: 'manylinux_2_27_x86_64',
          file: 'nvidia_cublas_cu12-12.9.3.13-py3-none-manylinux_2_27_x86_64.whl', archiveBytes: 581_217_458,
          members: [
            { path: 'nvidia/cublas/lib/libcublas.so.12', sizeBytes: 105_140_976, packedBytes: 79_463_574, sha256: '9b6997d8ac06badb59b90fd08cb89b1f807576306f6b0d762f3e72000b69d260' },
            { path: 'nvidia/cublas/lib/libcublasLt.so.12', sizeBytes: 749_169_616, packedBytes: 501_466_051, sha256: 'fbbf5c66fcc42c4eb6e56a7cb40be3936edbf0d08e757761e95c84afb9606cb6' },
          ],
        },
        {
          client: 'pip', package: 'nvidia-cuda-cupti-cu12', version: '12.9.79', tag: 'manylinux_2_25_x86_64',
          file: 'nvidia_cuda_cupti_cu12-12.9.79-py3-none-manylinux_2_25_x86_64.whl', archiveBytes: 10_814_997,
          members: [
            { path: 'nvidia/cuda_cupti/lib/libcupti.so.12', sizeBytes: 7_604_800, packedBytes: 2_352_098, sha256: '2fdab19dc3fccdd4b2f5eba137aabefc68e685f6497bb38eea649866c5672a2a' },
          ],
        },
        {
          client: 'pip', package: 'nvidia-cuda-nvrtc-cu12', version: '12.9.86', tag: 'manylinux2010_x86_64',
          file: 'nvidia_cuda_nvrtc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl', archiveBytes: 89_568_129,
          members: [
            { path: 'nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.9', sizeBytes: 7_202_760, packedBytes: 1_676_751, sha256: '6507cf33450cfb22970c2c1e7aa8e7c0a33e39d864720277b05f61a92791e2e8' },
            { path: 'nvidia/cuda_nvrtc/lib/libnvrtc.so.12', sizeBytes: 106_244_480, packedBytes: 43_071_905, sha256: '7c67c6b51ea0e0279634cebd676ff7efda1674806444520c84430ad5c35fe625' },
          ],
        },
        {
          client: 'pip', package: 'nvidia-cuda-runtime-cu12', version: '12.9.79', tag: 'manylinux2014_x86_64',
          file: 'nvidia_cuda_runtime_cu12-12.9.79-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl', archiveBytes: 3_493_179,
          members: [
            { path: 'nvidia/cuda_runtime/lib/libcudart.so.12', sizeBytes: 741_088, packedBytes: 219_156, sha256: '256e6409e4f06f618e1fb53d4844a6b81cdded1013afa8ade40c22f99eb133b7' },
          ],
        },
        {
          client: 'pip', package: 'nvidia-cudnn-cu12', version: '9.28.0.42', tag: 'manylinux_2_27_x86_64',
          file: 'nvidia_cudnn_cu12-9.28.0.42-py3-none-manylinux_2_27_x86_64.whl', archiveBytes: 716_538_495,
          members: [
            { path: 'nvidia/cudnn/lib/libcudnn.so.9', sizeBytes: 137_432, packedBytes: 43_861, sha256: '727cf38cefa39f745dee3caa207395163a86e8fafdb47e3af6d185fdd67858d4' },
            { path: 'nvidia/cudnn/lib/libcudnn_adv.so.9', sizeBytes: 232_904_280, packedBytes: 166_876_190, sha256: 'd7a4f6de7c83eb39506d424cf8f1a6f3715faeee2320f2cc03498c9dcc10283b' },
            { path: 'nvidia/cudnn/lib/libcudnn_cnn.so.9', sizeBytes: 4_203_992, packedBytes: 2_080_964, sha256: '5bccc296c64d21ef9326c70ccdcf01b149122dd242ec80a2d3bdc2a4389879ad' },
            { path: 'nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9', sizeBytes: 559_964_512, packedBytes: 373_721_654, sha256: '9a9bbe2c9d4be6c324760199f667fa84a2a9a2d66820b8ca55844b9da235e837' },
            { path: 'nvidia/cudnn/lib/libcudnn_engines_runtime_compiled.so.9', sizeBytes: 48_269_792, packedBytes: 22_388_698, sha256: '8b49b082768bda0ac9f2465c235331e727682f92139ad41f15276b81f20f0f96' },
            { path: 'nvidia/cudnn/lib/libcudnn_engines_tensor_ir.so.9', sizeBytes: 2_099_128, packedBytes: 6_413, sha256: '78aa90a0543dd7b097701708f28981657ad04b95d3cac387fed960765404985e' },
            { path: 'nvidia/cudnn/lib/libcudnn_ext.so.9', sizeBytes: 10_492_448, packedBytes: 4_053_375, sha256: '7614a9e626eeeacbcfc8aa6633700e3cd4321e18497447825172d2d21f0b0e6f' },
            { path: 'nvidia/cudnn/lib/libcudnn_graph.so.9', sizeBytes: 115_563_344, packedBytes: 44_670_265, sha256: 'd56ec4d0cc21836e0138e4e75dcf6a1e589687675e9d6da0d006936ef7169078' },
            { path: 'nvidia/cudnn/lib/libcudnn_heuristic.so.9', sizeBytes: 96_473_944, packedBytes: 34_531_659, sha256: 'ab31bec932bc0b37431dfed946ec4c373441e0d5a62ad477e6cd19fc805e7577' },
            { path: 'nvidia/cudnn/lib/libcudnn_ops.so.9', sizeBytes: 92_284_600, packedBytes: 67_952_636, sha256: 'fbc82ffd752ec10601b2001226dee311b7ddd034c93a30c3536f2bbd19361b0c' },
          ],
        },
        {
          client: 'pip', package: 'nvidia-cufft-cu12', version: '11.4.1.4', tag: 'manylinux2014_x86_64',
          file: 'nvidia_cufft_cu12-11.4.1.4-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl', archiveBytes: 200_877_592,
          members: [
            { path: 'nvidia/cufft/lib/libcufft.so.11', sizeBytes: 291_507_928, packedBytes: 200_515_782, sha256: 'e1d65ebd08895f9d9883f848f3974f89e0130416252477b18835ba7f15d159bc' },
          ],
        },
        {
          client: 'pip', package: 'nvidia-curand-cu12', version: '10.3.10.19', tag: 'manylinux_2_27_x86_64',
          file: 'nvidia_curand_cu12-10.3.10.19-py3-none-manylinux_2_27_x86_64.whl', archiveBytes: 68_295_626,
          members: [
            { path: 'nvidia/curand/lib/libcurand.so.10', sizeBytes: 166_965_432, packedBytes: 67_784_637, sha256: 'ab8c07338fa663c018b16df5b3f3878c84aaae98bda930e9e8bad340427b0faa' },
          ],
        },
        {
          client: 'pip', package: 'nvidia-cusolver-cu12', version: '11.7.5.82', tag: 'manylinux_2_27_x86_64',
          file: 'nvidia_cusolver_cu12-11.7.5.82-py3-none-manylinux_2_27_x86_64.whl', archiveBytes: 338_117_415,
          members: [
            { path: 'nvidia/cusolver/lib/libcusolver.so.11', sizeBytes: 302_024_152, packedBytes: 212_427_473, sha256: '30a1fe2fe22dad7141afaa2878fb6e9d7360b016e164d2153e1f31a46f2a9833' },
          ],
        },
        {
          client: 'pip', package: 'nvidia-cusparse-cu12', version: '12.5.10.65', tag: 'manylinux2014_x86_64',
          file: 'nvidia_cusparse_cu12-12.5.10.65-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl', archiveBytes: 366_465_088,
          members: [
            { path: 'nvidia/cusparse/lib/libcusparse.so.12', sizeBytes: 486_556_368, packedBytes: 366_430_322, sha256: '6d85ab1acdabfe3b5a54aa76bc948c719bcd03e07eede3eb8122b083c1a6ecf7' },
          ],
        },
        {
          client: 'pip', package: 'nvidia-nccl-cu12', version: '2.32.3', tag: 'manylinux_2_27_x86_64',
          file: 'nvidia_nccl_cu12-2.32.3-py3-none-manylinux_2_27_x86_64.whl', archiveBytes: 351_526_311,
          members: [
            { path: 'nvidia/nccl/lib/libnccl.so.2', sizeBytes: 473_614_536, packedBytes: 337_488_198, sha256: 'a23d2e3e47ad7f8987ac73eb04a373d6d40cfbb3a7a5bf41a9e0e8434817559b' },
          ],
        },
        {
          client: 'pip', package: 'nvidia-nvjitlink-cu12', version: '12.9.86', tag: 'manylinux2010_x86_64',
          file: 'nvidia_nvjitlink_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl', archiveBytes: 39_748_338,
          members: [
            { path: 'nvidia/nvjitlink/lib/libnvJitLink.so.12', sizeBytes: 95_935_344, packedBytes: 39_728_151, sha256: '02d3acb5fe598dd20f0fca3cc03734ad164037a22747a01900561a42d0b8448f' },
          ],
        },
      ],
    },
  ],
  'linux-arm64': [
    {
      tensorflow: '2.21.0', packages: [
        {
          client: 'pip', package: 'tensorflow', version: '2.21.0', tag: 'manylinux_2_27_aarch64',
          file: 'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_aarch64.whl', archiveBytes: 281_828_020,
          members: [
            { path: 'tensorflow/libtensorflow_cc.so.2', sizeBytes: 814_885_544, packedBytes: 174_232_033, sha256: '5f7de6ba6478ed7b83767a6e661e3e6e6931b05c64db14ba98250e52316a007c' },
            { path: 'tensorflow/libtensorflow_framework.so.2', sizeBytes: 68_176_664, packedBytes: 20_111_565, sha256: 'deade33b9ab90ff468fd1d1f8f6079bec5a3a507cf2d13c3218aa8beec28aeb3' },
          ],
        },
      ],
    },
    {
      tensorflow: '2.18.0', packages: [
        {
          client: 'maven', package: 'org.tensorflow:tensorflow-core-native', version: '1.1.0', tag: 'linux-arm64',
          file: 'tensorflow-core-native-1.1.0-linux-arm64.jar', archiveBytes: 157_318_633,
          members: [
            { path: 'org/tensorflow/internal/c_api/linux-arm64/libtensorflow_cc.so.2', sizeBytes: 713_758_192, packedBytes: 141_023_436, sha256: '9043741247c5a2f3a93ed7bc7afe37402e778050df2d0bfbb83e3262e3e2f3bf' },
            { path: 'org/tensorflow/internal/c_api/linux-arm64/libtensorflow_framework.so.2', sizeBytes: 52_313_848, packedBytes: 15_705_514, sha256: 'c18a1fbf98cee2bcb940c04c016a1c4d1a043a77e0577c8e7b8df3f8d1c2948b' },
            { path: 'org/tensorflow/internal/c_api/linux-arm64/libomp-6196b3b5.so.5', sizeBytes: 1_295_272, packedBytes: 413_196, sha256: '86ec9e4d01195816d9f74e40428ca90cacd77d3412faab3abde713f47fe9050d' },
          ],
        },
      ],
    },
  ],
  'darwin-arm64': [
    {
      tensorflow: '2.21.0', packages: [
        {
          client: 'pip', package: 'tensorflow', version: '2.21.0', tag: 'macosx_12_0_arm64',
          file: 'tensorflow-2.21.0-cp311-cp311-macosx_12_0_arm64.whl', archiveBytes: 223_405_849,
          members: [
            { path: 'tensorflow/libtensorflow_cc.2.dylib', sizeBytes: 691_352_648, packedBytes: 136_245_949, sha256: '753272d059c7be51f64369aaa8e12ac514ce372e0c4ba66f3cc49ec3b1c33384' },
            { path: 'tensorflow/libtensorflow_framework.2.dylib', sizeBytes: 49_452_976, packedBytes: 14_969_465, sha256: 'e581d6db9e26f13e49327427e5d304cecbfe45d3467db7700e058857a4fd76bb' },
          ],
        },
      ],
    },
    {
      tensorflow: '2.18.0', packages: [
        {
          client: 'maven', package: 'org.tensorflow:tensorflow-core-native', version: '1.1.0', tag: 'macosx-arm64',
          file: 'tensorflow-core-native-1.1.0-macosx-arm64.jar', archiveBytes: 133_459_427,
          members: [
            { path: 'org/tensorflow/internal/c_api/macosx-arm64/libtensorflow_cc.2.dylib', sizeBytes: 617_354_352, packedBytes: 121_430_148, sha256: '2cbc3d3ebb0457fcb1a9122199ce7a288bacc1dd2762946640a099a03cb1a280' },
            { path: 'org/tensorflow/internal/c_api/macosx-arm64/libtensorflow_framework.2.dylib', sizeBytes: 37_810_172, packedBytes: 11_858_768, sha256: '89505ff057529951390189ee4f58d51b82b65fa34869598aa8e4d5fe583cb25e' },
          ],
        },
      ],
    },
  ],
  // The wheel's library needs python311.dll: only the jar's stands alone. Microsoft's runtime comes with it.
  'win32-x64': [
    {
      tensorflow: '2.18.0', packages: [
        {
          client: 'maven', package: 'org.tensorflow:tensorflow-core-native', version: '1.1.0', tag: 'windows-x86_64',
          file: 'tensorflow-core-native-1.1.0-windows-x86_64.jar', archiveBytes: 253_421_988,
          members: [
            { path: 'org/tensorflow/internal/c_api/windows-x86_64/tensorflow.dll', sizeBytes: 953_555_456, packedBytes: 251_578_560, sha256: 'ec503bd2bb6e0285deca1af02adcbdc8bdc39bdab6dc7e4d61da8c59b061cf27' },
            { path: 'org/tensorflow/internal/c_api/windows-x86_64/msvcp140.dll', sizeBytes: 567_352, packedBytes: 181_813, sha256: '75872c426555ac8af55b5a7f6d4aea8831af74353b22612850a2bfc40e3b67e1' },
            { path: 'org/tensorflow/internal/c_api/windows-x86_64/vcruntime140.dll', sizeBytes: 98_336, packedBytes: 52_596, sha256: '270ba17bf89cc2eb6e6ce536eb78e4614ab5499f653ab7e07fe9e3d33bf3b6e3' },
            { path: 'org/tensorflow/internal/c_api/windows-x86_64/vcruntime140_1.dll', sizeBytes: 38_432, packedBytes: 21_211, sha256: 'f3754fc6ec87bcf84e05f3287b5de7bd305a30a0e1db7d478cb6353600682784' },
          ],
        },
      ],
    },
  ],
};
