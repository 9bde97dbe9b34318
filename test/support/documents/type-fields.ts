import ts from 'typescript';
import type { Schema } from './crd.ts';

/**
 * Two views of one contract, each as sorted lines such as `target.podName?: string`, so that a difference reads like a
 * diff. Only the constructs that src/api/debugsession.ts uses are known; anything else is an error, never silently
 * equal.
 */

type Declarations = Map<string, ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.VariableDeclaration>;

/** The fields of the interface `root` in a TypeScript source text, nested interfaces and aliases followed. */
export function typeFields(source: string, root: string): string[] {
  const file = ts.createSourceFile('types.ts', source, ts.ScriptTarget.Latest, true);
  const declarations: Declarations = new Map();
  for (const statement of file.statements) {
    if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
      declarations.set(statement.name.text, statement);
    }
    if (ts.isVariableStatement(statement))
      for (const variable of statement.declarationList.declarations)
        declarations.set(variable.name.getText(), variable);
  }
  const declaration = declarations.get(root);
  if (declaration === undefined || !ts.isInterfaceDeclaration(declaration)) throw new Error(`no interface ${root}`);
  return memberLines(declaration.members, '', declarations).sort();
}

function memberLines(members: ts.NodeArray<ts.TypeElement>, path: string, declarations: Declarations): string[] {
  return members.flatMap((member) => {
    if (!ts.isPropertySignature(member) || member.type === undefined) {
      throw new Error(`only properties with a type are understood: ${member.getText()}`);
    }
    const mark = member.questionToken === undefined ? '' : '?';
    return typeLines(member.type, `${path}${member.name.getText()}`, mark, declarations);
  });
}

function typeLines(type: ts.TypeNode, path: string, mark: string, declarations: Declarations): string[] {
  if (ts.isArrayTypeNode(type)) {
    return [`${path}${mark}: array`, ...typeLines(type.elementType, `${path}[]`, '', declarations)];
  }
  if (ts.isTypeLiteralNode(type)) {
    return [`${path}${mark}: object`, ...memberLines(type.members, `${path}.`, declarations)];
  }
  const [key, value] = ts.isTypeReferenceNode(type) ? (type.typeArguments ?? []) : [];
  if (key?.kind === ts.SyntaxKind.StringKeyword && value !== undefined && type.getText().startsWith('Record<')) {
    return [`${path}${mark}: object`, ...typeLines(value, `${path}{}`, '', declarations)];
  }
  if (ts.isTypeReferenceNode(type)) {
    const declaration = declarations.get(type.typeName.getText());
    if (declaration === undefined || ts.isVariableDeclaration(declaration))
      throw new Error(`${path}: unknown type ${type.getText()}`);
    if (ts.isTypeAliasDeclaration(declaration)) return typeLines(declaration.type, path, mark, declarations);
    return [`${path}${mark}: object`, ...memberLines(declaration.members, `${path}.`, declarations)];
  }
  return [`${path}${mark}: ${scalar(type, path, declarations)}`];
}

function scalar(type: ts.TypeNode, path: string, declarations: Declarations): string {
  if (type.kind === ts.SyntaxKind.StringKeyword) return 'string';
  if (type.kind === ts.SyntaxKind.NumberKeyword) return 'number';
  // A schema has no word for a mark that is set or absent.
  const isMark = ts.isLiteralTypeNode(type) && type.literal.kind === ts.SyntaxKind.TrueKeyword;
  if (isMark || type.kind === ts.SyntaxKind.BooleanKeyword) return 'boolean';
  return oneOf(words(type, path, declarations));
}

/** The words of a union of string literals, and of the unions that it is made of. */
function words(type: ts.TypeNode, path: string, declarations: Declarations): string[] {
  if (ts.isUnionTypeNode(type)) return type.types.flatMap((member) => words(member, path, declarations));
  if (ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal)) return [type.literal.text];
  const catalogue = catalogueOf(type, declarations);
  if (catalogue !== undefined) return catalogue;
  const alias = ts.isTypeReferenceNode(type) ? declarations.get(type.typeName.getText()) : undefined;
  if (alias !== undefined && ts.isTypeAliasDeclaration(alias)) return words(alias.type, path, declarations);
  throw new Error(`${path}: cannot compare ${type.getText()} with a schema`);
}

/** The keys of a catalogue, of which `keyof typeof CATALOGUE` makes a union. */
function catalogueOf(type: ts.TypeNode, declarations: Declarations): string[] | undefined {
  if (!ts.isTypeOperatorNode(type) || type.operator !== ts.SyntaxKind.KeyOfKeyword) return undefined;
  const name = ts.isTypeQueryNode(type.type) ? type.type.exprName.getText() : '';
  const declaration = declarations.get(name);
  let value = declaration !== undefined && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
  while (value !== undefined && (ts.isSatisfiesExpression(value) || ts.isAsExpression(value))) value = value.expression;
  if (value === undefined || !ts.isObjectLiteralExpression(value)) return undefined;
  return value.properties.map((property) => property.name?.getText() ?? '');
}

function oneOf(values: string[]): string {
  return [...values].sort().join(' | ');
}

/** The same lines from an OpenAPI schema. A field with a default counts as required: the API server fills it in. */
export function schemaFields(schema: Schema, path = ''): string[] {
  return Object.entries(schema.properties ?? {})
    .flatMap(([name, field]) => {
      const required = (schema.required ?? []).includes(name) || field.default !== undefined;
      return fieldLines(field, `${path}${name}`, required ? '' : '?');
    })
    .sort();
}

function fieldLines(field: Schema, path: string, mark: string): string[] {
  if (field.type === 'object') {
    const values = field.additionalProperties;
    const more = values === undefined ? [] : fieldLines(values, `${path}{}`, '');
    return [`${path}${mark}: object`, ...schemaFields(field, `${path}.`), ...more];
  }
  if (field.type === 'array') {
    if (field.items === undefined) throw new Error(`${path}: an array without items`);
    return [`${path}${mark}: array`, ...fieldLines(field.items, `${path}[]`, '')];
  }
  if (field.enum !== undefined) return [`${path}${mark}: ${oneOf(field.enum)}`];
  return [`${path}${mark}: ${field.type === 'integer' ? 'number' : field.type}`];
}
