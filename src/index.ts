export {
  ConnectError,
  type ErrorCode,
  FrameError,
  FrameTooLongError,
  ListenError,
  OptionError,
  PlatformError,
  ProtocolModuleError,
  ReplyError,
  SystemCallError,
  WorkerError,
  ZocaloError,
} from './errors.ts';
export { fixedSize } from './framing/fixed-size.ts';
export type { Framer, Framing } from './framing/framing.ts';
export type { Input } from './framing/input.ts';
export {
  type LengthPrefixedFraming,
  type LengthPrefixedOptions,
  lengthPrefixed,
} from './framing/length-prefixed.ts';
export { BareLineFeedError, byteLines, type LineEnding, type LinesOptions, lines } from './framing/lines.ts';
export { raw } from './framing/raw.ts';
export type { Client, House } from './protocol/client.ts';
export { type CloseReason, closeReasons } from './protocol/close-reason.ts';
export type { Dialects } from './protocol/dialects.ts';
export { type FileSlice, fileSlice, type SliceEncoder, type SliceFile } from './protocol/file-slice.ts';
export type { SessionLimits } from './protocol/limits.ts';
export type { Protocol, Reply, ServiceHooks } from './protocol/protocol.ts';
export { type RefusalCause, refusalCauses } from './protocol/refusal-cause.ts';
export { formatAddress, type ServerAddress } from './protocol/server-address.ts';
export type { ServerStats } from './protocol/server-stats.ts';
export type { ClientRef, EventOf, ServerEvent, ServerEvents, ServerEventType } from './server/events.ts';
export type { DoorOptions, ServeOptions } from './server/options.ts';
export { serve } from './server/serve.ts';
export type { DrainReport, Server } from './server/server.ts';
export { type Model, models } from './workers/models.ts';
