-- Typst reads "-5" as a minus sign, "..." as an ellipsis and "-?" as a soft hyphen. The words and
-- numbers of a report stay as they were written. Both renderers use this file.

if not FORMAT:match("typst") then return {} end

local PATTERNS = { "%-[%d?]", "%-$", "%.%.%." }

local function risky(text)
  for _, pattern in ipairs(PATTERNS) do
    if text:match(pattern) then return true end
  end
  return false
end

function Str(str)
  if not risky(str.text) then return nil end
  local pieces = pandoc.Inlines {}
  for words, mark in str.text:gmatch("([^%-%.]*)([%-%.]?)") do
    if words ~= "" then pieces:insert(pandoc.Str(words)) end
    if mark ~= "" then pieces:insert(pandoc.RawInline("typst", "\\" .. mark)) end
  end
  return pieces
end
