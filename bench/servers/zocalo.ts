/** An echo on zocalo, with the safeguards that it has by default. Usage: node zocalo.ts PORT MODEL */
import { type Model, raw, serve } from '../../src/index.ts';

const [port, model] = process.argv.slice(2) as [port: string, model: Model];

const server = await serve(
  { name: 'echo', framing: raw(), message: (bytes) => bytes },
  { port: Number(port), model: model as Model, maxClients: 20_000 },
);

console.log(`listening ${server.address.port}`);
