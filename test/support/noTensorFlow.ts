import { engineResources } from './engines.ts';

const loaded = engineResources.loadTensorFlow();

/** Why tests on TensorFlow are skipped, or false. */
export const noTensorFlow: string | false = loaded.ok ? false : loaded.errors.map(({ message }) => message).join('; ');
