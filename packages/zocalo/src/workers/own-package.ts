import { registerHooks } from 'node:module';
import { extname } from 'node:path';

/** This copy of the package may be its sources or what was built of them. */
const extension = extname(import.meta.filename);
/** The package's public modules, as files of this copy. */
const own: Readonly<Record<string, string>> = {
  zocalo: new URL(`../index${extension}`, import.meta.url).href,
  'zocalo/service': new URL(`../service/index${extension}`, import.meta.url).href,
  'zocalo/testing': new URL(`../testing/index${extension}`, import.meta.url).href,
};

let lent = false;

/** From now on what a module of this thread imports from `zocalo` is this copy, so that it need not be installed where the module is. */
export function provideOwnPackage(): void {
  if (lent) return;
  lent = true;
  registerHooks({
    resolve(specifier, context, next) {
      const url = own[specifier];
      return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
    },
  });
}
