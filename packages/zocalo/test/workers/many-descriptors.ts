import { messageSocketPair } from '../../src/sys/message-socket.ts';
import { close } from '../../src/sys/sockets.ts';
import { Channel } from '../../src/workers/channel.ts';

/* A program with a low limit on open files, which is also that of descriptors on their way, sends many while the other side takes none. */

const COUNT = 300;

const [near, far] = messageSocketPair();
const [sender, receiver] = [new Channel<number, never>(near, false), new Channel<never, number>(far, true)];
const arrived: number[] = [];
let sent = 0;

for (let number = 0; number < COUNT; number++) sender.send(number, near, () => sent++);
const atOnce = sent;
const look = setInterval(() => {
  receiver.receive((number, descriptor) => {
    // A message whose descriptor was lost has not arrived.
    if (descriptor >= 0) arrived.push(number);
    close(descriptor);
  });
  if (arrived.length < COUNT) return;
  clearInterval(look);
  process.stdout.write(JSON.stringify({ atOnce, arrived }));
}, 1);
