export type { Conversation } from './conversation.ts';
export { type ConverseOptions, converse } from './converse.ts';
