import { byPlace, moreChoices } from './responses.mjs';
import { choices } from './types.mjs';

// walkParams returns the parameters that the document's operations lack, and the choices that theirs lack.
export function walkParams(types, schemas, operations, methods) {
  const found = [];
  for (const [operation, schema] of Object.entries(operations)) {
    const where = methods.get(operation.replace(/\{[^}]*\}/g, '{}'));
    const type = where && types.params(where.resource, where.method);
    if (type) compare(types, schemas, { operation, path: [] }, schema, type, found, 0);
  }
  return found.sort(byPlace);
}

function compare(types, schemas, at, schema, type, found, depth) {
  if (depth > 12) throw new Error(`${at.operation} ${at.path}: parameters are nested too deep`);
  for (const { name, optional, types: members } of types.properties(type)) {
    const inner = schema.properties[name];
    if (!inner) {
      found.push({ ...at, name, node: { ...build(types, members, depth), r: !optional } });
      continue;
    }
    descend(types, schemas, { ...at, path: [...at.path, name] }, inner, members, found, depth + 1);
    const more = alternatives(schemas, inner).flatMap((a) => (a.enum ? moreChoices(types, a, members) : []));
    const only = alternatives(schemas, inner).filter((a) => a.type === 'string' && a.enum?.[0] !== '');
    if (only.length === 1 && more.length > 0) found.push({ ...at, name, change: { e: more.filter((v) => v !== '') } });
  }
}

function descend(types, schemas, at, schema, members, found, depth) {
  const shapes = types.shapes(members);
  const hashes = alternatives(schemas, schema).filter((a) => a.properties);
  for (const shape of shapes.filter((s) => s.is === 'object')) {
    const best = hashes.length > 1 ? closest(types, hashes, shape.type) : hashes[0];
    if (best) compare(types, schemas, at, best, shape.type, found, depth);
  }
  const array = alternatives(schemas, schema).find((a) => a.items);
  for (const shape of shapes.filter((s) => s.is === 'array')) {
    if (!array) continue;
    const inside = types.members(shape.of).types;
    const within = { ...at, path: [...at.path, '[]'] };
    descend(types, schemas, within, array.items, inside, found, depth + 1);
    const more = moreChoices(types, array.items, inside);
    if (more.length > 0) found.push({ ...at, path: at.path, name: '[]', change: { e: more } });
  }
}

const alternatives = (schemas, schema) =>
  (schema.anyOf ?? [schema]).map((a) => (a.$ref ? schemas[a.$ref.replace('#/components/schemas/', '')] : a));

// closest finds the alternative that shares most of its names with the type.
function closest(types, hashes, type) {
  const names = types.properties(type).map((p) => p.name);
  const shared = (hash) => names.filter((name) => hash.properties[name]).length;
  return hashes.reduce((best, hash) => (shared(hash) > shared(best) ? hash : best));
}

function build(types, members, depth) {
  if (depth > 12) throw new Error('a parameter is nested too deep');
  const shapes = types.shapes(members);
  const has = (is) => shapes.find((s) => s.is === is);
  const unset = shapes.some((s) => s.is === 'literal' && s.value === '') || undefined;
  const enumeration = choices(shapes);
  if (enumeration && !has('object') && !has('array')) {
    return has('number') ? { u: unset, a: [{ t: 's', e: enumeration }, { t: 'i' }] } : { t: 's', e: enumeration, u: unset };
  }
  if (has('array')) return { t: 'a', u: unset, i: build(types, types.members(has('array').of).types, depth + 1) };
  if (has('object')) {
    const p = {};
    for (const { name, optional, types: inner } of types.properties(has('object').type)) {
      p[name] = { ...build(types, inner, depth + 1), r: !optional };
    }
    const range = { t: 'o', u: unset, p };
    return has('number') ? { a: [range, { t: 'i' }] } : range;
  }
  if (has('map')) return { t: 'm', u: unset };
  if (has('boolean')) return { t: 'b', u: unset };
  return { t: has('number') ? 'i' : 's', u: unset };
}
