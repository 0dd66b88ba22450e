// Declarations of ours name types of Node, and a compiler loads those only when it is told to.
/// <reference types="node" preserve="true" />
export type { Conversation } from './conversation.ts';
export { type ConverseOptions, converse } from './converse.ts';
