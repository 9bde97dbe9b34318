import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';

// Jest runs what Node itself would run: the types are blanked out in place (line and column stay true), nothing is compiled.
export default {
  process(source) {
    return { code: stripTypeScriptTypes(source, { mode: 'strip' }) };
  },
  getCacheKey(source, path) {
    return createHash('sha256').update(process.version).update(path).update(source).digest('hex');
  },
};
