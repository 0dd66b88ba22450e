import { enableCompileCache } from 'node:module';

/*
 * Where a worker begins, as a thread or as a process. Node keeps what it compiles of the modules that follow, in its cache for this user
 * in the folder of temporary files: workers begin often, and always with the same modules. It saves half of the time, or two thirds.
 */
enableCompileCache();
await import('./start.ts');
