import { type ClientRef, type ServerEvent, SystemCallError } from 'zocalo';
import { count, cutOff } from '../text.ts';

/** An event as a sentence. */
export function sentence(event: ServerEvent): string {
  switch (event.type) {
    case 'listening':
      return `listening on ${event.address}${event.dialect === undefined ? '' : ` for ${event.dialect}`} (${event.model})`;
    case 'accepted':
      return `${clientText(event.client)} was accepted`;
    case 'waiting':
      return `${clientText(event.client)} waits in line, place ${event.place}`;
    case 'refused':
      return `${clientText(event.client)} was refused: ${event.cause}${after(event.waitedMs)}`;
    case 'opened':
      return `${clientText(event.client)} is in${after(event.waitedMs)}`;
    case 'message':
      return `${clientText(event.client)} sent a message`;
    case 'closed': {
      const { client, reason, messages, bytesIn, bytesOut, durationMs } = event;
      const traffic = `${count(messages, 'message')}, ${size(bytesIn)} in, ${size(bytesOut)} out`;
      return `${clientText(client)} is gone: ${reason}; ${traffic}, ${seconds(durationMs)}`;
    }
    case 'error':
      if (event.client === undefined)
        return `accepting failed, and is tried again: ${acceptErrorText(event.error)}`;
      return isTlsError(event.error)
        ? `${clientText(event.client)}: ${event.error.message}`
        : `${clientText(event.client)}: its handler failed: ${message(event.error)}`;
    case 'fallback':
      return `serving with ${event.model} instead: ${event.error.message}`;
    case 'notice':
      return event.message;
    case 'worker-started':
      return `${event.worker} serves`;
    case 'worker-died': {
      const { error, clients, restartMs } = event;
      const lost = clients === 0 ? '' : `, and ${count(clients, 'client')} with it`;
      return `${error.message}${lost}${restartMs === undefined ? '' : `; another is started in ${seconds(restartMs)}`}`;
    }
    case 'draining':
      return `draining: ${count(event.active, 'client')} in, ${event.waiting} waiting`;
    case 'stopped':
      return event.cut === 0 ? 'stopped' : `stopped: ${cutOff(event.cut)}`;
  }
}

/** What a client made of TLS, which is no failure of a handler; from a worker it comes as a plain error. */
export function isTlsError(error: unknown): error is Error {
  return error instanceof Error && (error as { code?: unknown }).code === 'ERR_TLS';
}

function clientText({ id, remoteAddress, remotePort, dialect }: ClientRef): string {
  const spoken = dialect === undefined ? '' : `, ${dialect}`;
  if (remoteAddress === '') return `client ${id}${spoken}`;
  const address = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress;
  return `client ${id} (${address}:${remotePort}${spoken})`;
}

function after(waited: number): string {
  return waited < 1 ? '' : ` after waiting ${seconds(waited)}`;
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function size(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${(bytes / 1_024).toFixed(1)} KiB`;
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

/** What the errors of accept(2) mean, and what to do about them. */
const acceptErrors: Readonly<Record<string, string>> = {
  EMFILE: 'no descriptor is left (EMFILE): raise the limit with ulimit -n, or lower --max-clients',
  ENFILE: 'the whole system has no descriptor left (ENFILE): raise fs.file-max',
  ENOBUFS: 'the kernel has no memory left for it (ENOBUFS): lower --max-clients',
  ENOMEM: 'the kernel has no memory left for it (ENOMEM): lower --max-clients',
};

function acceptErrorText(error: unknown): string {
  return (error instanceof SystemCallError ? acceptErrors[error.errno] : undefined) ?? message(error);
}

function message(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
