import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Failure } from '@zocalo/command';
import type { ListenError } from 'zocalo';
import type { Plan } from './plan.ts';
import { ownerOfPath, ownerOfPort } from './port-owner.ts';

/** A host that is given by its name, as the address that the system knows it by: the first one, or the first of IPv4. */
export async function addressOf({
  name,
  moduleName,
  options,
  settingText,
}: Plan): Promise<{ host?: string }> {
  const { host } = options;
  if (host === undefined || host === 'localhost' || isIP(host) !== 0) return {};
  try {
    return { host: (await lookup(host, { order: 'ipv4first' })).address };
  } catch (error) {
    const called = name ?? moduleName;
    const choose = `choose another with ${settingText('host')}`;
    throw new Failure(`${called} cannot listen on ${host}: there is no such host; ${choose}`, {
      cause: error,
    });
  }
}

/** Why a server cannot listen, and what to do about it, as one line. */
export function cannotListen(
  { name, moduleName, service, options, settingText }: Plan,
  error: ListenError,
): string {
  const { reason, endpoint = '' } = error;
  const { host = '127.0.0.1', port = 0, path } = { ...options, ...options.endpoints?.[endpoint] };
  const portSetting = service?.endpoints?.[endpoint]?.port ?? 'port';
  const place = path ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
  const cannot = `${name ?? moduleName} cannot listen on ${place}`;
  switch (reason) {
    case 'EADDRINUSE':
      return path === undefined
        ? `${cannot}: the port is in use${by(ownerOfPort(port))}; stop what uses it, or choose another with ${settingText(portSetting)}`
        : `${cannot}: ${pathInUse(path)}, or choose another with ${settingText('path')}`;
    case 'EACCES':
    case 'EPERM':
      return path === undefined
        ? `${cannot}: not permitted (ports below 1024 need a privilege); choose another with ${settingText(portSetting)}`
        : `${cannot}: not permitted; choose another with ${settingText('path')}`;
    case 'EADDRNOTAVAIL':
      return `${cannot}: this machine has no such address; choose another with ${settingText('host')}`;
    case 'ENOENT':
      return `${cannot}: there is no such directory; choose another with ${settingText('path')}`;
    default:
      return `${cannot}: ${reason}`;
  }
}

function pathInUse(path: string): string {
  const owner = ownerOfPath(path);
  return owner === undefined
    ? 'the path is taken; remove it if nothing listens there'
    : `the path is taken by ${owner}; stop it`;
}

function by(owner: string | undefined): string {
  return owner === undefined ? '' : ` by ${owner}`;
}
