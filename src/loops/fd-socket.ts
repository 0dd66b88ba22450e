import type { AcceptedSocket, DescriptorOwner } from './loop.ts';

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
