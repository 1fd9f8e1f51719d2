// The types are those of ../openapi.yaml, and the package's typings take what is right and refuse what is wrong.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";

const here = (/** @type {string} */ path) => new URL(path, import.meta.url);

test("src/contract.d.ts is that of openapi.yaml", async () => {
  const types = COMMENT_HEADER + astToString(await openapiTS(here("../../openapi.yaml")));
  const committed = await readFile(here("../src/contract.d.ts"), "utf8");
  assert.ok(types === committed, "openapi.yaml has changed: `npm run contract`, and commit src/contract.d.ts");
});

test("the typings hold, and WeChat's own `wx` is one that the client takes", async () => {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const said = await new Promise((resolve) => {
    execFile(process.execPath, [tsc, "--project", fileURLToPath(here("typings"))], (_, stdout) => resolve(stdout));
  });
  assert.equal(said, "");
});
