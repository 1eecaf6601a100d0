import { choices } from './types.mjs';

const refName = (schema) => schema?.$ref?.replace('#/components/schemas/', '');

// walkResponses returns what the document's schemas lack. A schema that several types share is compared with all of
// them: what one of them leaves out is optional, and what one of them lets be null may be null.
export function walkResponses(types, schemas, kinds) {
  const visits = new Map(); // By place, its schema and the types that describe it.
  const visit = (at, schema, type) => {
    const ref = refName(schema);
    if (ref) return visit({ schema: ref, path: [] }, schemas[ref], type);
    if (!schema?.properties) return undefined;
    const key = JSON.stringify(at);
    if (!visits.has(key)) visits.set(key, { at, schema, types: new Set() });
    const place = visits.get(key);
    if (place.types.has(type)) return undefined;
    place.types.add(type);
    for (const property of types.properties(type)) {
      const inner = schema.properties[property.name];
      if (inner) descend({ ...at, path: [...at.path, property.name] }, inner, property.types);
    }
    return undefined;
  };
  const descend = (at, schema, members) => {
    const shapes = types.shapes(members);
    const alternatives = schema.anyOf ?? [schema];
    for (const shape of shapes) {
      if (shape.is === 'array' && schema.items) {
        descend({ ...at, path: [...at.path, '[]'] }, schema.items, types.members(shape.of).types);
      }
      if (shape.is !== 'object' || shape.deleted) continue;
      const fits = alternatives.filter((a) => fit(a, shape));
      const hashes = shapes.filter((s) => s.is === 'object' && !s.deleted);
      const candidates = fits.length > 0 ? fits : alternatives.filter((a) => a.$ref || a.properties);
      if (fits.length === 1 || (candidates.length === 1 && hashes.length === 1)) {
        visit(at, candidates[0], shape.type);
      }
    }
  };
  const fit = (schema, shape) => {
    const target = refName(schema) ? schemas[refName(schema)] : schema;
    return shape.kind !== undefined && target?.properties?.object?.enum?.includes(shape.kind) && !target.properties.deleted;
  };
  for (const kind of kinds) {
    for (const type of types.resources.get(kind)) visit({ schema: kind, path: [] }, schemas[kind], type);
  }
  return [...visits.values()].flatMap((place) => lacks(types, schemas, place)).sort(byPlace);
}

function lacks(types, schemas, { at, schema, types: described }) {
  const found = [];
  const seen = new Map();
  for (const type of described) {
    for (const property of types.properties(type)) {
      seen.set(property.name, [...(seen.get(property.name) ?? []), property]);
    }
  }
  for (const [name, properties] of seen) {
    const members = [...new Set(properties.flatMap((p) => p.types))];
    const nullable = properties.some((p) => p.nullable);
    const optional = properties.length < described.size || properties.some((p) => p.optional);
    const inner = schema.properties[name];
    if (!inner) {
      found.push({ ...at, name, node: sent(build(types, schemas, members, 0), optional, nullable) });
      continue;
    }
    const change = {};
    if (nullable && !inner.nullable) change.n = true;
    const always = Boolean(inner.nullable) || (schema.required ?? []).includes(name);
    if (!optional && !always && !nullable) change.r = true;
    const more = moreChoices(types, inner, members);
    if (more.length > 0) change.e = more;
    if (Object.keys(change).length > 0) found.push({ ...at, name, change });
  }
  return found;
}

// moreChoices lists the choices, also those of an array's elements, that only the types know.
export function moreChoices(types, schema, members) {
  const shapes = types.shapes(members);
  if (schema.enum) {
    const known = new Set(schema.enum);
    return (choices(shapes) ?? []).filter((value) => !known.has(value));
  }
  return [];
}

// sent adds whether a key may be null, is always there, or may be left out although it may also be null.
const sent = (node, optional, nullable) => ({ ...node, n: nullable, r: !optional && !nullable, o: optional && nullable });

// build describes a type that the document lacks, in the compact form of schema.json.gz.
export function build(types, schemas, members, depth) {
  if (depth > 6) throw new Error('a type is nested too deep');
  const shapes = types.shapes(members);
  const has = (is) => shapes.find((s) => s.is === is);
  const resources = shapes.filter((s) => s.is === 'object' && s.kind && s.kind !== 'list' && !s.deleted);
  if (has('string') && resources.length > 0) return { t: 's', x: resources.map((r) => r.kind) };
  if (resources.length === 1 && schemas[resources[0].kind]) return { ref: resources[0].kind };
  const enumeration = choices(shapes);
  if (enumeration) return { t: 's', e: enumeration };
  if (has('array')) return { t: 'a', i: build(types, schemas, types.members(has('array').of).types, depth + 1) };
  if (shapes.filter((s) => s.is === 'object').length > 1) return { t: 'm' }; // One of several resources, whole.
  if (has('object')) return { t: 'o', p: hash(types, schemas, has('object').type, depth) };
  if (has('map')) return { t: 'm' };
  if (has('boolean')) return { t: 'b' };
  return { t: has('number') ? 'i' : 's' }; // No fraction was added; the test asks stripe-go.
}

function hash(types, schemas, type, depth) {
  const out = {};
  for (const { name, optional, nullable, types: members } of types.properties(type)) {
    out[name] = sent(build(types, schemas, members, depth + 1), optional, nullable);
  }
  return out;
}

const place = (a) => [a.schema ?? a.operation, ...a.path, a.name].join(' ');
export const byPlace = (a, b) => (place(a) < place(b) ? -1 : 1);
