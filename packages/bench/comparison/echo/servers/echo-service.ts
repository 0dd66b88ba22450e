/** The echo service of zocalo, which works by lines. Usage: node echo-service.ts MODEL */
import echo from '@zocalo/services/echo';
import { type Model, serve } from 'zocalo';

const server = await serve(echo(), { model: process.argv[2] as Model });
console.log(`listening ${server.address.port}`);
