import { registerHooks } from 'node:module';

/* For `node --import`: koffi is not there, as in a bundle that leaves it out. */

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'koffi') throw new Error("Cannot find package 'koffi'");
    return next(specifier, context);
  },
});
