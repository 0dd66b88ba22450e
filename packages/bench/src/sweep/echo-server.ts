/**
 * The server under test: an echo on one of the models, with the safeguards that every server has by default. The model
 * comes as JSON (a ModelConfig). It ends with its stdin: then the process that started it has gone.
 */
import { PlatformError, serve } from 'zocalo';
import { packageModule } from '../package-module.ts';
import { capacity, type ModelConfig } from './model-server.ts';

const config = JSON.parse(process.argv[2] as string) as ModelConfig;
process.stdin.on('end', () => process.exit()).resume();
try {
  const maxClients = capacity(config)?.maxClients ?? 100_000;
  const server = await serve(packageModule('sweep/echo'), { ...config, maxClients });
  // Another model may serve in its place, but it is this one that is to be measured.
  if (server.model !== config.model)
    await new Promise((_resolve, reject) => server.events.on('fallback', ({ error }) => reject(error)));
  console.log(`listening ${server.address.port}`);
} catch (error) {
  if (!(error instanceof PlatformError)) throw error;
  console.log(`unavailable ${error.message}`);
  process.exit(1);
}
