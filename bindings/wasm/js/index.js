export { default } from './mediaseal.js';
export * from './mediaseal.js';
export { MediasealError } from './error.js';
export { open, seal } from './transform.js';
