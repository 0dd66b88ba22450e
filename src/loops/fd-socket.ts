import type { AcceptedSocket } from './loop.ts';

/** Closes descriptors of connections, and wants to know of it. */
export interface DescriptorOwner {
  release(fd: number): void;
}

/** A connection as a descriptor. */
export class FdSocket implements AcceptedSocket {
  readonly fd: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly owner: DescriptorOwner;

  constructor(
    fd: number,
    remoteAddress: string,
    remotePort: number,
    localPort: number,
    owner: DescriptorOwner,
  ) {
    this.fd = fd;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.localPort = localPort;
    this.owner = owner;
  }

  close(): void {
    this.owner.release(this.fd);
  }
}
