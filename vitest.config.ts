import { defineConfig } from "vitest/config";

const slow = ["test/**/*.int.test.ts", "test/**/*.ext.test.ts"];

export default defineConfig({
  test: {
    projects: [
      { test: { name: "fast", include: ["test/**/*.test.ts"], exclude: slow, testTimeout: 5_000 } },
      {
        test: {
          name: "int",
          include: ["test/**/*.int.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "ext",
          include: ["test/**/*.ext.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
