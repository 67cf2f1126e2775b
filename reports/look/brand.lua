-- The office's own look, `oda-brand` in the front matter: each value as the page or the PDF takes it, that is between
-- the quotation marks of an attribute or of a Typst text. Both renderers use this file.

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function literal(value)
  local text = pandoc.utils.stringify(value)
  if FORMAT:match("typst") then return pandoc.RawInline("typst", (text:gsub('[\\"]', "\\%0"))) end
  return pandoc.RawInline("html", (text:gsub('[&<>"]', ESCAPES)))
end

function Meta(meta)
  local brand = meta["oda-brand"]
  if not brand then return nil end
  for _, key in ipairs { "name", "primary", "accent", "ink", "logo", "logo-alt" } do
    if brand[key] then brand[key] = pandoc.MetaInlines { literal(brand[key]) } end
  end
  meta["oda-brand"] = brand
  return meta
end
