import { lines, type Protocol } from 'zocalo';

/** Tells what was agreed on in a client's handshake, and otherwise answers each line with itself. */
const protocol: Protocol<string> = {
  name: 'tls-facts',
  framing: lines({ maxLength: 2_000_000 }),
  open: () => 'welcome\n',
  refuse: (cause) => `refused: ${cause}\n`,
  wait: () => 'in clear: this must never be seen\n',
  message: (line, client) => {
    if (line === 'salir') {
      client.end();
      return 'adios\n';
    }
    if (line !== 'facts') return `${line}\n`;
    const { peer, ...facts } = client.tls ?? {};
    return `${JSON.stringify({ ...facts, peer: peer?.subject, names: peer?.subjectAltName })}\n`;
  },
};

export default protocol;
