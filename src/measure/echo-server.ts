/**
 * The server under test: an echo on one of the models, with the safeguards that every server has by default. It is told which
 * (a Subject) as JSON, and ends with its stdin: whoever started it has gone.
 */
import { PlatformError } from '../errors.ts';
import { serve } from '../server/serve.ts';
import { ownModule } from './own-file.ts';
import { capacity, type Subject } from './subject.ts';

const subject = JSON.parse(process.argv[2] as string) as Subject;
process.stdin.on('end', () => process.exit()).resume();
try {
  const maxClients = capacity(subject)?.most ?? 100_000;
  const server = await serve(ownModule('echo'), { ...subject, maxClients });
  // Another model may serve in its place, but it is this one that is to be measured.
  if (server.model !== subject.model)
    await new Promise((_resolve, reject) => server.events.on('fallback', ({ error }) => reject(error)));
  console.log(`listening ${server.address.port}`);
} catch (error) {
  if (!(error instanceof PlatformError)) throw error;
  console.log(`unavailable ${error.message}`);
  process.exit(1);
}
