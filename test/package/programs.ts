/** Programs of projects in which packages are installed. */

/** Uses what the packages export, with their types. */
export const typedProgram = `
  import names from '@zocalo/names';
  import { plugin } from '@zocalo/names/plugin';
  import { type Message, RingNode } from '@zocalo/ring';
  import echo from '@zocalo/services/echo';
  import files from '@zocalo/services/files';
  import reverse from '@zocalo/services/reverse';
  import sql from '@zocalo/sql';
  import { type Client, type Framing, formatAddress, lengthPrefixed, lines, type Protocol, type Server, serve } from 'zocalo';
  import type { Service } from 'zocalo/service';
  import { converse } from 'zocalo/testing';
  const shout: Protocol<string, { asked: number }> = {
    name: 'shout',
    framing: lines({ telnet: true }),
    state: () => ({ asked: 0 }),
    message: (line, client: Client<{ asked: number }>) => \`\${++client.state.asked} \${line}\n\`,
  };
  const framing: Framing<Buffer> = lengthPrefixed();
  const frames: Protocol = { name: 'frames', framing, message: (frame) => frame.toString('hex') };
  const server: Server = await serve(shout, { port: 0 });
  server.group('room').send(formatAddress(server.address));
  console.log(await converse(frames).receive());
  const services: readonly Service[] = plugin.services;
  const message: Message | undefined = undefined;
  console.log(names, RingNode, echo, files, reverse, sql, services, message);
  // @ts-expect-error: what the package says of its types is not just anything
  const wrong: number = formatAddress(server.address);
`;

/** A program of an ES module, or of CommonJS, that serves a protocol and asks it. */
export function program(how: 'import' | 'require'): string {
  return `
    ${how === 'import' ? "import { lines, serve } from 'zocalo'; import { connect } from 'node:net';" : "const { lines, serve } = require('zocalo'); const { connect } = require('node:net');"}
    (async () => {
      const server = await serve({ name: 'shout', framing: lines(), message: (line) => line.toUpperCase() + '\\n' });
      const socket = connect(server.address.port, '127.0.0.1');
      socket.end('hola\\n');
      for await (const bytes of socket) process.stdout.write(bytes);
      await server.drain();
    })();
  `;
}
