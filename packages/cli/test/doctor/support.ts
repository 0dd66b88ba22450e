import { collectFacts, type Facts, type Machine } from '../../src/doctor/facts.ts';

/** The limits of a small machine, as the kernel writes them. */
export const LIMITS = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max processes             96365                96366                processes 
Max open files            1024                 524288               files     
Max locked memory         65536                unlimited            bytes     
Max pending signals       7823                 7823                 signals   
`;

/** A machine with enough of everything. */
export const AMPLE: Readonly<Record<string, string>> = {
  '/proc/self/limits': LIMITS.replace('1024  ', '524288')
    .replace('7823 ', '96365')
    .replace('65536', '8388608'),
  '/proc/sys/fs/nr_open': '1048576\n',
  '/proc/sys/kernel/threads-max': '192730\n',
  '/proc/sys/kernel/pid_max': '4194304\n',
  '/proc/sys/net/core/somaxconn': '4096\n',
  '/proc/sys/net/ipv4/tcp_max_syn_backlog': '2048\n',
  '/proc/sys/net/ipv4/tcp_syncookies': '1\n',
  '/proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
  '/proc/sys/kernel/io_uring_disabled': '0\n',
};

const machine: Machine = {
  node: '26.10.0',
  platform: 'linux',
  architecture: 'x64',
  kernel: '6.18.44',
  cores: 4,
  memory: 32 * 2 ** 30,
  report: () => undefined,
};

/** The facts of the ample machine, but for some of its files and some of what Node knows of it. */
export function factsWith(
  files: Record<string, string | undefined> = {},
  different: Partial<Machine> = {},
): Facts {
  const all: Record<string, string | undefined> = { ...AMPLE, ...files };
  return collectFacts((path) => all[path], { ...machine, ...different });
}
