import { currentTheme, useTheme } from "./theme.js";
import "./app.js";

useTheme(currentTheme());
