import { lines, type Protocol } from 'zocalo';

// Clients that hear each other: `zocalo serve ./examples/chat.ts --port 7000`, then connect from two terminals. With `--workers 2` too.
// In a project of your own: from 'zocalo'.

/** What is kept about a client: its name, once it has said it. */
type Member = { name: string | undefined };

const chat: Protocol<string, Member> = {
  name: 'chat',
  // Telnet's clients can take part as well.
  framing: lines({ maxLength: 1_000, telnet: true }),
  state: () => ({ name: undefined }),
  open: () => 'what is your name?\n',
  message(line, client) {
    // What one client says ends up on the terminals of others.
    const words = line.replaceAll(/\p{Cc}/gu, '').trim();
    const room = client.server.group('room');
    if (client.state.name !== undefined) {
      room.send(`${client.state.name}: ${words}\n`, { except: client });
      return undefined;
    }
    if (words === '') return 'what is your name?\n';
    client.state.name = words;
    client.join('room');
    room.send(`* ${words} is here\n`, { except: client });
    // A worker does not know how many the others have.
    return room.size === undefined ? '* welcome\n' : `* welcome; ${room.size} here now\n`;
  },
  close({ state, server }) {
    if (state.name !== undefined) server.group('room').send(`* ${state.name} has left\n`);
  },
  wait: (place) => `* the room is full; you are number ${place} in line\n`,
  refuse: () => '* the room is full\n',
};

export default chat;
