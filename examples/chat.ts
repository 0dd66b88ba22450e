// Clients that hear each other: `zocalo serve ./examples/chat.ts --port 7000`, then connect from two terminals.
// In a project of your own: from 'zocalo'.
import { type Client, lines, type Protocol } from '../src/index.ts';

/** What is kept about a client: its name, once it has said it. */
type Member = { name: string | undefined };

const members = new Set<Client<Member>>();

function tell(words: string, except?: Client<Member>): void {
  for (const member of members) if (member !== except) member.send(words);
}

const chat: Protocol<string, Member> = {
  name: 'chat',
  framing: lines({ maxLength: 1_000 }),
  state: () => ({ name: undefined }),
  open: () => 'what is your name?\n',
  message(line, client) {
    // What one client says ends up on the terminals of others.
    const words = line.replaceAll(/\p{Cc}/gu, '').trim();
    if (client.state.name !== undefined) {
      tell(`${client.state.name}: ${words}\n`, client);
      return undefined;
    }
    if (words === '') return 'what is your name?\n';
    client.state.name = words;
    members.add(client);
    tell(`* ${words} is here\n`, client);
    return `* welcome; ${members.size} here now\n`;
  },
  close(client) {
    if (members.delete(client)) tell(`* ${client.state.name} has left\n`);
  },
  wait: (place) => `* the room is full; you are number ${place} in line\n`,
  refuse: () => '* the room is full\n',
};

export default chat;
