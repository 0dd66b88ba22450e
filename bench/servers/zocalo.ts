/** An echo on zocalo, with the safeguards that it has by default. Usage: node zocalo.ts PORT MODEL */
import { raw, serve } from '../../src/index.ts';

const [port, model] = process.argv.slice(2);

const server = await serve(
  { name: 'echo', framing: raw(), message: (bytes) => bytes },
  { port: Number(port), model, maxClients: 20_000 },
);

console.log(`listening ${server.address.port}`);
