import { lines, type Protocol } from 'zocalo';

// A protocol of one's own: `zocalo serve examples/shout.ts`, then type lines.
// In a project of your own: from 'zocalo'.

const shout: Protocol<string> = {
  name: 'shout',
  framing: lines(),
  open: (client) => `hello, you are number ${client.id}\n`,
  message: (line) => `${line.toUpperCase()}!\n`,
};

export default shout;
