-- Typst reads "-5" as a minus sign, "..." as an ellipsis, "-?" as a soft hyphen, and "1." or "+" at
-- the start of a list's item as a list of its own. The words and numbers of a report stay as they
-- were written. Both renderers use this file.

if not FORMAT:match("typst") then return {} end

local PATTERNS = { "%-[%d?]", "%-$", "%.%.%.", "^%d+%.$", "^[+=/]+$" }

local function risky(text)
  for _, pattern in ipairs(PATTERNS) do
    if text:match(pattern) then return true end
  end
  return false
end

function Str(str)
  if not risky(str.text) then return nil end
  local pieces = pandoc.Inlines {}
  for words, mark in str.text:gmatch("([^%-%.+=/]*)([%-%.+=/]?)") do
    if words ~= "" then pieces:insert(pandoc.Str(words)) end
    if mark ~= "" then pieces:insert(pandoc.RawInline("typst", "\\" .. mark)) end
  end
  return pieces
end
