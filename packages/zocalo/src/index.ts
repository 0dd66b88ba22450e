// Declarations of ours name types of Node, and a compiler loads those only when it is told to.
/// <reference types="node" preserve="true" />
export {
  ConnectError,
  type ErrorCode,
  FrameError,
  FrameTooLongError,
  FramingError,
  ListenError,
  OptionError,
  PlatformError,
  ProtocolModuleError,
  ReplyError,
  SystemCallError,
  TlsError,
  WorkerError,
  ZocaloError,
} from './errors.ts';
export {
  fixedSize,
  type LengthPrefixedFraming,
  type LengthPrefixedOptions,
  lengthPrefixed,
  raw,
} from './framing/by-length.ts';
export type { Framer, Framing, FramingClient } from './framing/framing.ts';
export type { Input } from './framing/input.ts';
export { BareLineFeedError, byteLines, type LineEnding, type LinesOptions, lines } from './framing/lines.ts';
export type { DrainReport } from './server/drain.ts';
export type { ClientRef, EventOf, ServerEvent, ServerEvents, ServerEventType } from './server/events.ts';
export type { AcceptInfo, EndpointOptions, ServeOptions } from './server/options.ts';
export { serve } from './server/serve.ts';
export type { Server } from './server/server.ts';
export type { Client } from './session/client.ts';
export { type CloseReason, closeReasons } from './session/close-reason.ts';
export { type FileSlice, fileSlice, type SliceEncoder, type SliceFile } from './session/file-slice.ts';
export type { Group, GroupSendOptions } from './session/groups.ts';
export type { ClientDeadlines, SessionLimits } from './session/limits.ts';
export type { Dialects, Protocol, ServiceHooks } from './session/protocol.ts';
export { type RefusalCause, refusalCauses } from './session/refusal-cause.ts';
export type { Reply } from './session/reply.ts';
export {
  formatAddress,
  type ServerAddress,
  type ServerInfo,
  type ServerStats,
} from './session/server-info.ts';
export type { TlsInfo } from './session/tls-info.ts';
export type { TlsOptions, TlsVersion } from './tls/tls-options.ts';
export { type Model, models } from './workers/models.ts';
