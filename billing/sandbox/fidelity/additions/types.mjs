// Types reads the package's declarations through the TypeScript compiler.
export class Types {
  constructor(ts, file, kinds) {
    this.ts = ts;
    const program = ts.createProgram([file], { strict: true, noEmit: true, skipLibCheck: true, types: [] });
    this.checker = program.getTypeChecker();
    const source = program.getSourceFile(file);
    const module = this.checker.getAmbientModules().find((m) => m.name === '"stripe"');
    const stripe = this.checker.getExportsOfModule(module).find((s) => s.name === 'Stripe');
    this.root = stripe ?? source.symbol.exports.get('Stripe');
    this.resources = new Map(); // By kind, the declared types with that literal `object`.
    this.collect(this.root, new Set());
    for (const kind of kinds) {
      if (!this.resources.has(kind)) throw new Error(`the types have no resource ${kind}`);
    }
  }

  collect(namespace, seen) {
    if (seen.has(namespace)) return;
    seen.add(namespace);
    for (const symbol of this.checker.getExportsOfModule(namespace)) {
      if (symbol.flags & this.ts.SymbolFlags.Interface) {
        const type = this.checker.getDeclaredTypeOfSymbol(symbol);
        const kind = this.kindOf(type);
        if (kind && !symbol.name.startsWith('Deleted')) {
          this.resources.set(kind, [...(this.resources.get(kind) ?? []), type]);
        }
      }
      if (symbol.flags & this.ts.SymbolFlags.Namespace) this.collect(symbol, seen);
    }
  }

  // find follows a dotted name below Stripe, such as Billing.MetersResource.
  find(name) {
    let at = this.root;
    for (const part of name.split('.')) {
      at = this.checker.getExportsOfModule(at).find((s) => s.name === part);
      if (!at) return undefined;
    }
    return this.checker.getDeclaredTypeOfSymbol(at);
  }

  // params returns the type of a method's parameters, or undefined when it has none but the request's options.
  params(resource, method) {
    const owner = this.find(resource);
    const symbol = owner && this.checker.getPropertyOfType(owner, method);
    if (!symbol) return undefined;
    for (const signature of this.checker.getSignaturesOfType(this.checker.getTypeOfSymbol(symbol), 0)) {
      for (const parameter of signature.parameters) {
        if (parameter.name === 'params') return this.present(this.checker.getTypeOfSymbol(parameter));
      }
    }
    return undefined;
  }

  kindOf(type) {
    const symbol = this.checker.getPropertyOfType(type, 'object');
    const literal = symbol && this.present(this.checker.getTypeOfSymbol(symbol));
    return literal?.isStringLiteral() ? literal.value : undefined;
  }

  isDeleted(type) {
    const symbol = this.checker.getPropertyOfType(type, 'deleted');
    return symbol !== undefined && this.checker.typeToString(this.checker.getTypeOfSymbol(symbol)) === 'true';
  }

  // members takes a union apart. boolean stays whole, and null and undefined are told by flags.
  members(type) {
    const F = this.ts.TypeFlags;
    const all = type.isUnion() && !(type.flags & F.Boolean) ? type.types : [type];
    const kept = all.filter((t) => !(t.flags & (F.Null | F.Undefined | F.Void)));
    const booleans = kept.filter((t) => t.flags & F.BooleanLiteral);
    return {
      nullable: all.some((t) => t.flags & F.Null),
      types: booleans.length === 2 ? [this.checker.getBooleanType(), ...kept.filter((t) => !booleans.includes(t))] : kept,
    };
  }

  present(type) {
    return this.checker.getNonNullableType(type);
  }

  // properties lists what an object has. The declarations give a live resource `deleted?: void`, which is never sent.
  properties(type) {
    return this.checker.getPropertiesOfType(type).flatMap((symbol) => {
      const full = this.checker.getTypeOfSymbol(symbol);
      const optional = Boolean(symbol.flags & this.ts.SymbolFlags.Optional);
      const { nullable, types } = this.members(full);
      return types.length === 0 ? [] : [{ name: symbol.name, optional, nullable, types }];
    });
  }

  // shape says what one member of a union is.
  shape(type) {
    const F = this.ts.TypeFlags;
    if (type.isStringLiteral()) return { is: 'literal', value: type.value };
    if (type.flags & F.StringLike) return { is: 'string' };
    if (type.flags & F.NumberLike) return { is: 'number' };
    if (type.flags & F.BooleanLike) return { is: 'boolean' };
    if (this.checker.isArrayType(type)) return { is: 'array', of: this.checker.getTypeArguments(type)[0] };
    if (this.checker.getPropertiesOfType(type).length === 0) return { is: 'map' };
    if (this.checker.getIndexInfosOfType(type).length > 0) return { is: 'map' };
    return { is: 'object', kind: this.kindOf(type), deleted: this.isDeleted(type) };
  }

  shapes(types) {
    return types.map((type) => ({ type, ...this.shape(type) }));
  }
}

// choices returns the literals of a union that admits nothing else, sorted; '' stands for "unset" and is told apart.
export function choices(shapes) {
  const literals = shapes.filter((s) => s.is === 'literal' && s.value !== '').map((s) => s.value);
  return literals.length > 0 && !shapes.some((s) => s.is === 'string') ? literals.sort() : undefined;
}
