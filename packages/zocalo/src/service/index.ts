/** What services, clients and the command share: light, since help loads it. */
export { ConnectError, OptionError, ZocaloError } from '../errors.ts';
export { oneOf, onlyOptions, whole } from '../option-checks.ts';
export { EXIT_REPLY, isExitCommand, lineReplies, MAX_EXIT_COMMAND_LENGTH } from './line-replies.ts';
export {
  checkSettings,
  type EndpointSettings,
  formatDuration,
  netcat,
  parseDuration,
  type Service,
  type Setting,
  type Settings,
  type SettingType,
} from './service.ts';
