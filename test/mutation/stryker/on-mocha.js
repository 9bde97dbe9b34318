import { registerHooks } from 'node:module';

// Stryker's workers load this before anything else: '@jest/globals' is only there inside of Jest.
const globals = import.meta.resolve('./jest-globals.js');
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals' ? { url: globals, shortCircuit: true } : next(specifier, context),
});
