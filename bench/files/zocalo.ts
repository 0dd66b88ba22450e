/** zocalo's file server and nothing else. Usage: node zocalo.ts FOLDER */
import { serve } from '../../src/index.ts';

const module = new URL('../../src/services/files/files.ts', import.meta.url);
const server = await serve(module, { protocolOptions: { dir: process.argv[2] } });
console.log(`listening ${server.address.port}`);
