// Builds the package: what mini-programs get in miniprogram_dist/, the typings apart from it in types/, since WeChat's
// tools copy all of miniprogram_dist/ into the mini-program. Prints what it weighs there.

import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** Where WeChat's tools look for packages: with this the sample opens without an install of its own. */
const IN_SAMPLE = "sample/miniprogram_npm/queqiao-miniprogram";
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const compile = (...options) => execFileSync(process.execPath, [tsc, "--project", ".", ...options], { stdio: "inherit" });

process.chdir(fileURLToPath(new URL(".", import.meta.url)));
for (const folder of ["miniprogram_dist", "types", IN_SAMPLE]) rmSync(folder, { recursive: true, force: true });
compile();
compile("--declaration", "--emitDeclarationOnly", "--removeComments", "false", "--outDir", "types");
cpSync("miniprogram_dist", IN_SAMPLE, { recursive: true });
copyFileSync("src/contract.d.ts", "types/contract.d.ts");

const files = readdirSync("miniprogram_dist").map((name) => readFileSync(`miniprogram_dist/${name}`));
const bytes = Buffer.concat(files);
console.log(`miniprogram_dist: ${files.length} files, ${bytes.length} bytes, ${gzipSync(bytes).length} gzipped`);
