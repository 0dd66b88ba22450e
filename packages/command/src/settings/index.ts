export { addArgument, addFlag, givenFlags } from './flags.ts';
export { acceptValue, expected, formatSize, parseText } from './values.ts';
