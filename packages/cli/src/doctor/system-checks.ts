import type { Advice, Check } from './check.ts';
import type { Facts } from './facts.ts';

/** What can only be found out by trying. */
export type Probes = {
  /** Why koffi, and with it every system call, cannot be loaded; undefined when it can. */
  readonly systemCalls: string | undefined;
  /** Why io_uring cannot be used: `EPERM`, `ENOSYS`; undefined when it can, or when no system call can be made. */
  readonly ioUring: string | undefined;
};

/** Whether system calls can be made: without them there is only libuv. */
export function checkSystemCalls({ systemCalls }: Probes): Check {
  const name = 'system calls';
  if (systemCalls === undefined) return { name, verdict: 'ok', found: 'koffi loads' };
  return {
    name,
    verdict: 'missing',
    found: `koffi does not load: ${systemCalls}`,
    advice: {
      words:
        'Without koffi there is only the model libuv. Its binary for this platform is an optional dependency:',
      commands: ['npm install --include=optional'],
    },
  };
}

/** Whether io_uring can be used, and if not, who refuses it: io_uring_setup(2). */
export function checkIoUring({ ioUringDisabled }: Facts, { systemCalls, ioUring }: Probes): Check {
  const name = 'io_uring';
  if (systemCalls !== undefined)
    return { name, verdict: 'unknown', found: 'cannot be tried without system calls' };
  if (ioUring === undefined) return { name, verdict: 'ok', found: 'usable' };
  const { found, ...advice } = refusalOf(ioUring, ioUringDisabled);
  return { name, verdict: 'refused', found: `${ioUring}: ${found}`, ...advice };
}

function refusalOf(reason: string, disabled = 0): { found: string; advice?: Advice } {
  const allow = (words: string) => ({
    words: `Only for the model uring. ${words} As root:`,
    commands: ['sysctl -w kernel.io_uring_disabled=0'],
  });
  if (reason === 'EPERM' && disabled === 2) {
    return { found: 'kernel.io_uring_disabled is 2', advice: allow('It is switched off for everybody.') };
  }
  if (reason === 'EPERM' && disabled === 1) {
    const words = 'It is kept for the privileged and the group in kernel.io_uring_group.';
    return { found: 'kernel.io_uring_disabled is 1', advice: allow(words) };
  }
  if (reason === 'EPERM') {
    return {
      found: 'a seccomp filter or security module refuses it',
      advice: {
        words:
          'Only for the model uring. Containers refuse it by default; a profile of your own can allow it:',
        commands: ['docker run --security-opt seccomp=PROFILE.json'],
      },
    };
  }
  if (reason === 'ENOSYS') return { found: 'this kernel does not have it, or a seccomp filter hides it' };
  if (reason === 'ENOMEM') return { found: 'there is not enough memory that may be locked' };
  return { found: 'it could not be set up' };
}
