/**
 * No server, no file: encodes the same memory to base64 and sends it, again and again, to one client after the other,
 * with the encoder and the chunks of the file server. A request is `SIZE` and LF. Usage: node bare.ts
 */

import { randomBytes } from 'node:crypto';
import { sliceForms } from '@zocalo/services/files';
import type { SliceEncoder } from 'zocalo';
import {
  accept,
  close,
  encodeIpAddress,
  listenOn,
  localAddress,
  receive,
  send,
  setBlocking,
} from 'zocalo/sys';

const encoder = sliceForms.base64.encoder as SliceEncoder;
const chunk = randomBytes(encoder.chunk);
const encoded = Buffer.allocUnsafeSlow(encoder.most(chunk.length));
const request = Buffer.alloc(64);

const listener = listenOn(encodeIpAddress('127.0.0.1', 0), 16);
setBlocking(listener);
process.stdout.write(`listening ${localAddress(listener).port}\n`);
setImmediate(serveForEver);

function serveForEver(): void {
  for (;;) {
    const client = accept(listener);
    setBlocking(client);
    const size = Number.parseInt(request.toString('latin1', 0, receive(client, request, request.length)), 10);
    for (let left = size; left > 0; left -= chunk.length) sendAll(client, Math.min(left, chunk.length));
    close(client);
  }
}

function sendAll(client: number, length: number): void {
  const count = encoder.encode(length < chunk.length ? chunk.subarray(0, length) : chunk, encoded);
  for (let sent = 0; sent < count; ) {
    const taken = send(client, encoded.subarray(sent), count - sent);
    if (taken < 0) return;
    sent += taken;
  }
}
