// Compares Stripe's OpenAPI document, which is a few months older than the API version that the sandbox speaks, with the
// types of that very version in the npm package stripe, and prints what the document lacks: keys, parameters, choices,
// and where a value may be null or is always sent.
//
//   node derive.mjs NODE_MODULES < {"schemas":…, "operations":…, "kinds":…}
//
// Both are walked side by side from the same roots: a resource is found by the literal type of its `object`, the
// parameters of an operation by the path that the package's own method requests.
import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Types } from './types.mjs';
import { walkParams } from './params.mjs';
import { walkResponses } from './responses.mjs';

const modules = path.resolve(process.argv[2]);
const ts = createRequire(path.join(modules, 'x.js'))('typescript');
const input = JSON.parse(readFileSync(0, 'utf8'));
const types = new Types(ts, path.join(modules, 'stripe/types/index.d.ts'), input.kinds);

const objects = walkResponses(types, input.schemas, input.kinds);
const operations = walkParams(types, input.schemas, input.operations, methods(path.join(modules, 'stripe/esm/resources')));
console.log(JSON.stringify({ objects, operations }));

// methods lists what the package's resources request: "POST /v1/prices/{}" with the class and the method that does.
function methods(dir, prefix = '') {
  const found = new Map();
  for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const full = path.join(dir, entry.name);
    if (entry.isDirectory()) {
      for (const [at, where] of methods(full, `${prefix}${entry.name}.`)) found.set(at, where);
      continue;
    }
    const file = ts.createSourceFile(full, readFileSync(full, 'utf8'), ts.ScriptTarget.Latest);
    const visit = (node, name) => {
      if (ts.isPropertyAssignment(node)) name = node.name.getText(file);
      if (ts.isObjectLiteralExpression(node)) {
        const text = (key) => node.properties.find((p) => p.name?.getText(file) === key)?.initializer?.text;
        if (text('fullPath')) {
          const at = `${text('method')} ${text('fullPath').replace(/\{[^}]*\}/g, '{}')}`;
          const where = { resource: `${prefix}${entry.name.replace('.js', '')}Resource`, method: name };
          if (!found.has(at)) found.set(at, where);
        }
      }
      ts.forEachChild(node, (child) => visit(child, name));
    };
    visit(file, '');
  }
  return found;
}
