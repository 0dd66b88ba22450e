import { closeSync, openSync } from 'node:fs';
import {
  messageSocketPair,
  receivedDescriptor,
  receiveMessage,
  sendMessage,
} from '../../src/sys/message-socket.ts';

/* A program with a low limit on open files: what it receives while it has no descriptor left, and after that. */

const [near, far] = messageSocketPair();
const received: { text: string | undefined; carried: boolean }[] = [];

function send(text: string): void {
  sendMessage(near, Buffer.from(text), near, false);
}

/** Notes the next message. @returns the descriptor that came with it */
function take(): number {
  const text = receiveMessage(far)?.toString();
  received.push({ text, carried: receivedDescriptor >= 0 });
  return receivedDescriptor;
}

/** Opens files until there is no descriptor left. */
function exhaust(): number[] {
  const open: number[] = [];
  try {
    for (;;) open.push(openSync('/dev/null', 'r'));
  } catch {
    return open;
  }
}

for (const text of ['none left', 'one left', 'none again', 'after that']) send(text);
const files = exhaust();
take();
closeSync(files.pop() as number);
take();
take();
for (const fd of files) closeSync(fd);
take();
process.stdout.write(JSON.stringify(received));
