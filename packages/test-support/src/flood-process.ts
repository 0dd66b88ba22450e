import type { FloodTask } from './flood.ts';
import { TestClient } from './test-client.ts';

const { where, send, once = false } = JSON.parse(process.argv[2] as string) as FloodTask;
const { socket } = await TestClient.connect(where, { reading: false });
const bytes = Buffer.from(send);
const pour = () => {
  while (socket.write(bytes));
};

socket.on('error', () => {});
socket.on('close', () => process.disconnect?.());
process.on('disconnect', () => socket.destroy());
socket.resume();
if (once) socket.write(bytes);
else {
  socket.on('drain', pour);
  pour();
}
process.send?.({ connected: true });
