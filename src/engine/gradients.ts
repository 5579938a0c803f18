/**
 * Importing this registers the gradients of tfjs's ops; tfjs-core alone has none. The umbrella package does it, and the
 * TensorFlow backend's files ask for that package too; bundles put engine/tfjsUmbrella.ts in its place, so that its
 * layers, converters and browser backends stay out (scripts/build.mjs).
 */
import '@tensorflow/tfjs';
