import { serve } from 'zocalo';

/** zocalo's file server and nothing else. Usage: node zocalo.ts FOLDER */

const module = new URL('../../../services/src/files/server/files.ts', import.meta.url);
const server = await serve(module, { protocolOptions: { dir: process.argv[2] } });
console.log(`listening ${server.address.port}`);
