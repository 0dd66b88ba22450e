import type { AcceptedSocket, ConnectionAddress, DescriptorOwner } from './loop.ts';

/** A connection as a descriptor. */
export class FdSocket implements AcceptedSocket {
  readonly fd: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly owner: DescriptorOwner;

  constructor(fd: number, address: ConnectionAddress, owner: DescriptorOwner) {
    this.fd = fd;
    this.remoteAddress = address.remoteAddress;
    this.remotePort = address.remotePort;
    this.localPort = address.localPort;
    this.owner = owner;
  }

  /** The socket of a loop over descriptors. @throws TypeError for a socket of another kind of loop */
  static of(socket: AcceptedSocket): FdSocket {
    if (socket instanceof FdSocket) return socket;
    throw new TypeError('this socket has no descriptor: it is of another kind of loop');
  }

  /** TCP has a port at this end. */
  get isUnix(): boolean {
    return this.localPort === 0;
  }

  close(): void {
    this.owner.release(this.fd);
  }
}
