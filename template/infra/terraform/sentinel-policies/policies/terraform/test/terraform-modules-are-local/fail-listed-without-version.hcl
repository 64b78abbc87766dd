mock "tfconfig/v2" {
  module {
    source = "mocks/fail-listed-without-version-config.sentinel"
  }
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

param "allowed_sources" {
  value = ["app.terraform.io/acme/bucket/aws"]
}

test {
  rules = {
    main = false
  }
}
