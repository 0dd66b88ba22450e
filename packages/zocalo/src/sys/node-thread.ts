import { PlatformError } from '../errors.ts';
import { addressOfSymbol, bind } from './libc.ts';
import { close } from './sockets.ts';

/*
 * What Node does at the end of a thread, as far as its binary exports it. A thread may be ended by force (`worker.terminate()`), when
 * no line of JavaScript runs any more; a function of C with one argument is called all the same.
 */

export type Pointer = bigint;

/** Binds a function that may not be there: in a node that was built differently, or in another program than node. */
export function bindExported<Signature extends (...args: never[]) => unknown>(prototype: string): Signature {
  try {
    return bind<Signature>(prototype);
  } catch (cause) {
    const name = /(\w+)\(/.exec(prototype)?.[1];
    throw new PlatformError(
      `this ${process.argv0} (${process.version}) does not export ${name}, with which zocalo waits inside its event loop: ` +
        'the model libuv serves without it',
      { cause },
    );
  }
}

/** v8::Isolate::GetCurrent(), and node::AddEnvironmentCleanupHook and its reverse. */
export const currentIsolate = bindExported<() => Pointer>('void *_ZN2v87Isolate10GetCurrentEv()');
type Hook = (isolate: Pointer, call: Pointer, argument: Pointer) => void;
const addCleanupHook = bindExported<Hook>(
  'void _ZN4node25AddEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_(void *, void *, void *)',
);
const removeCleanupHook = bindExported<Hook>(
  'void _ZN4node28RemoveEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_(void *, void *, void *)',
);

/**
 * Has a function of C called with an argument as this thread ends, in whatever way; the last added is called first.
 * @returns removes it
 */
export function atThreadEnd(
  name: 'close' | 'uv_poll_stop' | 'uv_prepare_stop',
  argument: Pointer,
): () => void {
  const isolate = currentIsolate();
  const call = addressOfSymbol(name);
  const key = `${name} ${argument}`;
  const forget = () => {
    if (scheduledCalls.delete(key)) removeCleanupHook(isolate, call, argument);
  };
  // If a descriptor was closed elsewhere and its number reused, a second hook with the same argument would make node abort.
  forget();
  scheduledCalls.add(key);
  addCleanupHook(isolate, call, argument);
  return forget;
}

/** The hooks of this thread, as text. */
const scheduledCalls = new Set<string>();

/** A descriptor that is closed with its thread at the latest. */
export class OwnedDescriptor {
  readonly fd: number;
  readonly #closed: () => void;

  constructor(fd: number) {
    this.fd = fd;
    this.#closed = atThreadEnd('close', BigInt(fd));
  }

  close(): void {
    this.#closed();
    close(this.fd);
  }
}
