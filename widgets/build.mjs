// Bundles each widget to one ES module and one style sheet in the Python package. `--watch` rebuilds on change.
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const root = fileURLToPath(new URL(".", import.meta.url));
const names = ["parameter_panel", "data_view", "learn_monitor", "examination", "computational_graph", "race"];

const options = {
  absWorkingDir: root,
  entryPoints: names.flatMap((name) => [
    { in: `src/${name}/index.ts`, out: name },
    { in: `src/${name}/index.css`, out: name },
  ]),
  outdir: "../qrexplore/ui/static",
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome110", "firefox110", "safari16"],
  minify: true,
  charset: "utf8",
  legalComments: "none",
  sourcemap: false,
  logLevel: "info",
};

if (process.argv.includes("--watch")) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  await esbuild.build(options);
}
