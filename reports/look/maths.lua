-- Mathematics with its words: [$x^2$]{alt="x squared"}. Both renderers use this file.

function Span(span)
  local alt = span.attributes["alt"]
  local maths = span.content[1]
  if not alt or #span.content ~= 1 or maths.t ~= "Math" then return nil end
  if FORMAT:match("html") then
    return pandoc.Span({ maths }, pandoc.Attr("", {}, { { "role", "math" }, { "aria-label", alt } }))
  elseif FORMAT:match("typst") then
    local body = pandoc.write(pandoc.Pandoc { pandoc.Plain { maths } }, "typst")
    local block = maths.mathtype == "DisplayMath" and "true" or "false"
    local words = alt:gsub("[\\\"]", "\\%0")
    body = body:gsub("^%s+", ""):gsub("%s+$", "")
    return pandoc.RawInline("typst",
      '#math.equation(block: ' .. block .. ', alt: "' .. words .. '", ' .. body .. ".body)")
  end
end
