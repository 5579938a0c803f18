import type { Diagnostic } from '../protocol/diagnostic.ts';

/** One image each for training, validation and test. */
export const fewestPerClass = 3;

/** A warning for each class (name → images) that cannot be in every split. Classes without images are another matter. */
export const smallClasses = (classes: Iterable<readonly [label: string, images: number]>): Diagnostic[] =>
  [...classes].filter(([, images]) => images > 0 && images < fewestPerClass).map(([label, images]) => ({
    code: 'class-too-small', severity: 'warning',
    message: `class ${JSON.stringify(label)} has ${images === 1 ? '1 image' : `${images} images`}; ${fewestPerClass} are needed to train, validate and test it`,
    fix: `add images to ${JSON.stringify(label)}, or remove the folder`,
    where: { file: label },
  }));
